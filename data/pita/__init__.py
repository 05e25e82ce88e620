"""Which propositional statements are provable, and how is the search written down?"""
