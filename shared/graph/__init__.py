"""How Microsoft Graph is asked: clouds, credentials, batches, paging, pacing, typed failures."""
