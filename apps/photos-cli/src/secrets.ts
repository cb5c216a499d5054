/** The password in the userinfo of a URL (RFC 3986, section 3.2.1), also of one that is not quite right; lists have commas. */
const PASSWORD = /(:\/\/[^\s/?#@:,]*):[^\s,]*@/g

/** The text with the password of every URL in it replaced: `redis://app:secret@host` becomes `redis://app:****@host`. */
export function maskSecrets(text: string): string {
  return text.replace(PASSWORD, '$1:****@')
}
