// Not for use: see secrets.bicepparam.
@secure()
@description('A secret.')
param given string

@description('What is not marked as one.')
param plain string

@description('Both, without a word of either.')
output lengths int = length(given) + length(plain)
