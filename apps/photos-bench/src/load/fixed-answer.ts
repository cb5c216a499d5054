/** What a control answers always: the ETag of every answer, and the id of every photo. */
export const FIXED_ETAG = '"1"'
export const FIXED_PHOTO_ID = 'fixed'
