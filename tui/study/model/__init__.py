"""What a study is: its plan, its settings, the order of its runs, its progress; standard library only."""
