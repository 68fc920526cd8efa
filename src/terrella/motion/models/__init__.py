"""Ground-motion models: published, regression, boosting, and the variances beside them."""
