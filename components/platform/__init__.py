"""What a cluster's tenants get: namespaces, quotas, network policies, access, storage; one file a concern.

Each file holds what may stand in the stack file about its concern, and makes the objects of it.
"""
