"""Management of the Power Platform: environments, apps, flows, connections, policies."""
