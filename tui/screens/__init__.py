"""The pages: one file each, its .tcss beside it; the only place where a key becomes a call of the backend."""
