"""Clusters whose control plane the program runs itself, by kubeadm on machines.

What the machines are does not matter here: `documents` are what kubeadm is told, `authorities` the keys and
certificates, `boot` what a machine is given to become a node. A package for each kind of machine says where they are.
"""
