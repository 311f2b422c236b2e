"""Microsoft Dataverse."""
