"""The built-in lab: three hosts in namespaces on one machine; it knows nothing of the app that runs on them."""
