"""How recorded runs look: their table, the words about one, its preview, and the bar of its replay."""
