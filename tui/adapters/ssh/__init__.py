"""The Shell protocol over asyncssh; the only importer of asyncssh."""
