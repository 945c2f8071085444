"""One migration: started or found running, steered, followed to its end. (Interface; the rest follows.)"""
