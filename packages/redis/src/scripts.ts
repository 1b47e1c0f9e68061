/**
 * What Redis does in one step. `KEYS[1]` is the record, a hash: `s` stamp, `d` data (empty: the session has ended), `n` the last
 * fence. `KEYS[2]` is the lease: its owner. All checks precede the first write, because a script is not rolled back. The first
 * line shows in MONITOR and SLOWLOG.
 */
export interface Script {
  readonly name: 'load' | 'save' | 'acquire' | 'extend' | 'release';
  readonly source: string;
}

const script = (name: Script['name'], body: string): Script => ({ name, source: `-- latchkey ${name}\n${body}` });

/** A script, and not HMGET, because only a master runs it. Answers stamp and data. */
export const load: Script = script('load', "return redis.call('HMGET', KEYS[1], 's', 'd')");

/**
 * `ARGV`: stamp, data, time to live, channel, notice, `over` or empty. Answers 0: not kept, 1: kept, 2: kept, but nobody may publish.
 * A PUBLISH that is forbidden must not fail what was written.
 */
export const save: Script = script(
  'save',
  `local held = redis.call('HGET', KEYS[1], 's')
if held and #held == 59 and not held:find('[^%d-]') then
  if held == ARGV[1] then return 1 end
  if held > ARGV[1] or (ARGV[6] ~= '' and held > ARGV[6]) then return 0 end
end
redis.call('HSET', KEYS[1], 's', ARGV[1], 'd', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local sent = redis.pcall('PUBLISH', ARGV[4], ARGV[5])
if type(sent) == 'table' and sent.err then return 2 end
return 1`,
);

/** Keeps the fence, which rises also when Redis has lost it, by the time in milliseconds. */
const keepFence = `redis.call('HSET', KEYS[1], 'n', string.format('%.0f', fence))
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end`;

/** `ARGV`: owner, lease in milliseconds, nothing, time to live. Answers the fence and 0, or 0 and the rest of the lease. */
export const acquire: Script = script(
  'acquire',
  `local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[1] then return { 0, redis.call('PTTL', KEYS[2]) } end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local fence = math.max((tonumber(redis.call('HGET', KEYS[1], 'n') or 0) or 0) + 1, now)
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
${keepFence}
return { fence, 0 }`,
);

/**
 * `ARGV`: owner, lease in milliseconds, fence, time to live. Takes a missing lease again, unless somebody has had it since.
 * Answers whether it holds.
 */
export const extend: Script = script(
  'extend',
  `local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[1] then return 0 end
local last = tonumber(redis.call('HGET', KEYS[1], 'n') or 0) or 0
local fence = tonumber(ARGV[3])
if last > fence then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
${keepFence}
return 1`,
);

/** `ARGV`: owner, channel, notice. */
export const release: Script = script(
  'release',
  `if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1`,
);
