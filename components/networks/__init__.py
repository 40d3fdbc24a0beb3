"""Networks for clusters, one module a cloud, and the address arithmetic that they share."""
