/**
 * The layout of a slot's value: one string, so that one GET reads it whole. ASCII, at fixed places (0-based):
 *
 *     0  magic and format, `P1`
 *     2  kind: `E` entry, `L` placeholder
 *     3  incarnation, 16 characters
 *    19  server that it was stored on, 16 characters
 *    35  as of: milliseconds since the epoch on the server's clock, 13 digits
 *    48  length of the version, 2 digits
 *    50  length of the photos, 8 digits
 *    58  the version, then the photos' bytes, then the receipts' bytes to the end
 */
export const SLOT = {
  magic: 'P1',
  entry: 'E',
  kindAt: 2,
  serverAt: 19,
  asOfAt: 35,
  versionLengthAt: 48,
  photosLengthAt: 50,
  versionAt: 58,
} as const

/** How long incarnations and server names are. */
export const NAME_LENGTH = 16
export const MAX_VERSION_LENGTH = 99
export const MAX_PHOTOS_BYTES = 99_999_999

/**
 * The operations that change a slot, each atomic and on one key, so that it also runs on a cluster.
 * `ARGV`: operation, server, channel, message (empty: nothing is announced), then what the operation needs.
 *
 * Versions are compared as `compareVersions` does it, byte by byte: Lua's own `<` goes by the server's locale.
 * Where there is no memory for a value, the key is deleted: an absent slot is never wrong.
 */
export const SLOT_SCRIPT = `
local key, op, server, channel, message = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local function isAbove(a, b)
  if a == b then return false end
  local aCount = (string.find(a, '-', 1, true) or #a + 1) - 1
  local bCount = (string.find(b, '-', 1, true) or #b + 1) - 1
  if aCount ~= bCount then return aCount > bCount end
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

local function nowMs()
  local time = redis.call('TIME')
  return string.format('%010d%03d', tonumber(time[1]), math.floor(tonumber(time[2]) / 1000))
end

-- What is there, if it is a slot that was stored on this server.
local function readSlot()
  local head = redis.pcall('GETRANGE', key, 0, 156)
  if type(head) ~= 'string' or #head < 59 or string.sub(head, 1, 2) ~= 'P1' then return nil end
  if string.sub(head, 20, 35) ~= server then return nil end
  local versionLength = tonumber(string.sub(head, 49, 50))
  local asOf = string.sub(head, 36, 48)
  if not versionLength or not tonumber(asOf) or #head < 58 + versionLength then return nil end
  return {
    isEntry = string.sub(head, 3, 3) == 'E',
    incarnation = string.sub(head, 4, 19),
    asOf = asOf,
    version = string.sub(head, 59, 58 + versionLength),
  }
end

local function store(kind, incarnation, asOf, version, lifeMs, photos, receipts)
  local header = 'P1' .. kind .. incarnation .. server .. asOf .. string.format('%02d%08d', #version, #photos)
  local stored = redis.pcall('SET', key, header .. version .. photos .. receipts, 'PX', lifeMs)
  if not stored.err then return true end
  redis.call('DEL', key)
  return false
end

if message ~= '' then redis.call('PUBLISH', channel, message) end
local slot = readSlot()

if op == 'lease' then
  local incarnation, lifeMs = ARGV[5], ARGV[6]
  local now = nowMs()
  if slot then return {slot.incarnation, now} end
  if store('L', incarnation, now, '0', lifeMs, '', '') then return {incarnation, now} end
  return false
end

if not slot then return 0 end

if op == 'put' then
  local incarnation, givenAt, version, lifeMs, photos, receipts =
    ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
  if isAbove(slot.version, version) then return 0 end
  -- Known to be current already. A later time is stored with the bytes: they may be what was found to be damaged.
  if slot.isEntry and slot.version == version and tonumber(givenAt) <= tonumber(slot.asOf) then return 0 end
  if slot.isEntry or slot.incarnation == incarnation then
    store('E', slot.incarnation, givenAt, version, lifeMs, photos, receipts)
    return 1
  end
  store('L', slot.incarnation, slot.asOf, version, lifeMs, '', '')
  return 0
end

if op == 'raise' then
  local version, lifeMs = ARGV[5], ARGV[6]
  if isAbove(version, slot.version) then
    store('L', slot.incarnation, slot.asOf, version, lifeMs, '', '')
  end
  return 0
end

if op == 'suspect' then
  local incarnation, lifeMs = ARGV[5], ARGV[6]
  store('L', incarnation, nowMs(), slot.version, lifeMs, '', '')
  return 0
end

return redis.error_reply('ERR unknown operation ' .. op)
`
