/*
 * What the model's patterns ask, in words: no one who gets an error should have to read a regular expression.
 */

export const WORKSPACE_ID_MESSAGE =
  'must be 1 to 64 of A-Z a-z 0-9 _ -, start with a letter or digit, and not be the word workspace'
export const PHOTO_ID_MESSAGE = 'must be 1 to 64 of A-Z a-z 0-9 _ - and start with a letter or digit'
export const URL_MESSAGE = 'must be an absolute http or https URL (RFC 3986)'
