"""Azure Resource Manager and virtual machines."""
