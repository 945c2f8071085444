"""The protocols Shell and FirstLogin over asyncssh; only this package imports asyncssh."""
