"""The stand-in for pulumi-azure-native."""
