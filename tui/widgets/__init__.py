"""How one thing looks: gets values, sends messages, knows neither hosts nor backend."""
