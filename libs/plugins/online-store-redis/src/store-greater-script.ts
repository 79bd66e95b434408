import { createHash } from 'node:crypto';

/**
 * Stores the rows of one packed argument (see `packRows`) that are greater than what the hash holds; answers how many. Bytes are compared one by
 * one: Lua compares strings by the server's locale.
 */
export const STORE_GREATER_SCRIPT = `
local byte, sub = string.byte, string.sub
local function isGreater(row, known)
  for at = 1, 24 do
    local new, old = byte(row, at), byte(known, at)
    if new ~= old then return new > old end
  end
  return false
end
local packed, at, stored = ARGV[1], 1, 0
while at <= #packed do
  local keyBytes, rowBytes, from = struct.unpack('>HI4', packed, at)
  local key = sub(packed, from, from + keyBytes - 1)
  local row = sub(packed, from + keyBytes, from + keyBytes + rowBytes - 1)
  at = from + keyBytes + rowBytes
  local known = redis.call('HGET', KEYS[1], key)
  if not known or isGreater(row, known) then
    redis.call('HSET', KEYS[1], key, row)
    stored = stored + 1
  end
end
return stored
`;

export const STORE_GREATER_SHA1 = createHash('sha1').update(STORE_GREATER_SCRIPT).digest('hex');
