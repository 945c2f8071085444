"""What the queue knows: its plan, its progress, and what is started when."""
