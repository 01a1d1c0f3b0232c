"""The records store: what happened, who approved it, who is at work now.

Start at `store.open_store`. This package and `store`, `values` and `errors` import without SQLAlchemy, which costs
0.2 s that a run without records should not pay.
"""
