#pragma once

namespace interaction::records {

// KEYS[1]: the record. ARGV: fingerprint, owner, lease in ms, ttl of unknown records in ms. Answers with an array: C
// claimed, I in flight, D done, U unknown, M mismatch, X damaged; then t0; then, for I, the ms left of the lease, or
// for D, the reply.
//
// A lease that has run out is stored as U, so that Redis' clock going back, as in a failover, does not revive it.
inline constexpr char kClaimScript[] = R"lua(
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then
  redis.call('HSET', KEYS[1], 'st', 'P', 'fp', ARGV[1], 'own', ARGV[2], 'lease', now + ARGV[3], 't0', now)
  redis.call('PEXPIRE', KEYS[1], ARGV[3] + ARGV[4])
  return {'C', now}
end
if kind ~= 'hash' then return {'X'} end
local record = redis.call('HMGET', KEYS[1], 'st', 'fp', 'own', 'lease', 't0', 'res')
local st, fp, own, lease, t0, res = unpack(record)
lease, t0 = tonumber(lease or ''), tonumber(t0 or '')
if not (fp and #fp == 32 and own and lease and t0) then return {'X'} end
if fp ~= ARGV[1] then return {'M', t0} end
if st == 'D' and res then return {'D', t0, res} end
if st == 'U' then return {'U', t0} end
if st ~= 'P' then return {'X'} end
if lease <= now then
  redis.call('HSET', KEYS[1], 'st', 'U')
  return {'U', t0}
end
if own == ARGV[2] then return {'C', t0} end
return {'I', t0, lease - now}
)lua";

// KEYS[1]: the record. ARGV: owner, D or U, reply, ttl in ms, fingerprint or nothing, t0. Answers O if the record is
// settled, N if it is not the owner's. Given a fingerprint, it writes a record anew that is gone because Redis lost its
// data: otherwise a repeated call would be sent a second time.
inline constexpr char kFinishScript[] = R"lua(
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' and ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'fp', ARGV[5], 'own', ARGV[1], 'lease', 0, 't0', ARGV[6])
elseif kind ~= 'hash' then
  return 'N'
else
  local record = redis.call('HMGET', KEYS[1], 'st', 'own')
  local st, own = record[1], record[2]
  if own ~= ARGV[1] then return 'N' end
  if st == 'D' then return 'O' end
  if st ~= 'P' and st ~= 'U' then return 'N' end
end
redis.call('HSET', KEYS[1], 'st', ARGV[2])
if ARGV[2] == 'D' then redis.call('HSET', KEYS[1], 'res', ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 'O'
)lua";

// KEYS[1]: the record. ARGV: owner. Answers O, whether or not there was something to release.
inline constexpr char kReleaseScript[] = R"lua(
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 'O' end
local record = redis.call('HMGET', KEYS[1], 'st', 'own', 'lease')
local st, own, lease = record[1], record[2], tonumber(record[3] or '')
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if st == 'P' and own == ARGV[1] and lease and lease > now then redis.call('DEL', KEYS[1]) end
return 'O'
)lua";

}  // namespace interaction::records
