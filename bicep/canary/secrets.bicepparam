using 'secrets.bicep'

// Not for use: it gives a secret to what is not marked as one. See canary.bicep.
param given = ''
param plain = given
