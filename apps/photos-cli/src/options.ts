import { InvalidArgumentError, Option } from 'commander'
import { parseStoreLocation, STORE_SYNTAX } from './store-location.js'

/** The option that every command has which works on a store. */
export const storeOption = (): Option =>
  new Option(
    '--store <store>',
    `${STORE_SYNTAX}; default: the store that the service uses (COUCHDB_URL, else PHOTOS_DATA_DIR)`,
  ).argParser(parseStoreLocation)

/** A parser of integers for commander. */
export const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`)
  }
