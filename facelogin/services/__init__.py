"""The use cases of facelogin: enrol a person, verify a claim, keep and remove references."""
