"""SharePoint Online."""
