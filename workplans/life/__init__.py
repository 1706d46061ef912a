"""The life of plans, items and entities: each step with its form, its outcome and its doing."""
