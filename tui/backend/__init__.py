"""What the app does, without a screen: asyncio, and the world only through adapters.protocols."""
