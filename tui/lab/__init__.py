"""The built-in lab: hosts in namespaces on one machine; it does not depend on the app that runs on them."""
