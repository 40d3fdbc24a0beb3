"""`polykube health`: what of a cluster is not as it should be, by what its API server and its add-ons say."""
