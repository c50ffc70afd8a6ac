-- Spends ARGV[1] from every window in KEYS, or from none when one of them does not have it.
-- ARGV[2i], ARGV[2i+1]: limit and width of a part (microseconds) of window i. Returns four numbers a window: allowed,
-- remaining, microseconds until something (enough, when refused) is free, and the part that counts now.
--
-- A window is a ring of 61 slots in a hash: slot p % 61 holds what was spent in part p, `n` the sum, `o` the oldest part.
-- Time is the server's, so that hosts whose clocks differ agree.
local RING = 61
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost = tonumber(ARGV[1])

local function slots(from, to)
  local names = {}
  for part = from, math.min(to, from + RING - 1) do
    names[#names + 1] = part % RING
  end
  return names
end

-- The first part, from `from` on, with which `needed` is reached.
local function reached(key, from, to, needed)
  local counts = redis.call('HMGET', key, unpack(slots(from, to)))
  local sum = 0
  for i = 1, #counts do
    sum = sum + (tonumber(counts[i]) or 0)
    if sum >= needed then
      return from + i - 1
    end
  end
  return nil
end

local function opened(key, width)
  local part = math.floor(now / width)
  local head = redis.call('HMGET', key, 'n', 'o')
  local total, oldest = tonumber(head[1]) or 0, tonumber(head[2]) or part
  -- The server's clock was set back: count in the oldest part there is.
  part = math.max(part, oldest)
  if oldest < part - RING + 1 then
    local gone = slots(oldest, part - RING)
    for _, count in ipairs(redis.call('HMGET', key, unpack(gone))) do
      total = total - (tonumber(count) or 0)
    end
    redis.call('HDEL', key, unpack(gone))
    oldest = part
    if total > 0 then
      oldest = reached(key, part - RING + 1, part, 1) or part
    end
    redis.call('HSET', key, 'n', total, 'o', string.format('%d', oldest))
  end
  return {total = total, oldest = oldest, part = part}
end

local passes = true
local windows = {}
for i, key in ipairs(KEYS) do
  local window = opened(key, tonumber(ARGV[2 * i + 1]))
  window.fits = window.total + cost <= tonumber(ARGV[2 * i])
  passes = passes and window.fits
  windows[i] = window
end

local answer = {}
for i, key in ipairs(KEYS) do
  local window, limit, width = windows[i], tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  if passes then
    if window.total == 0 then
      window.oldest = window.part
    end
    window.total = window.total + cost
    redis.call('HINCRBY', key, window.part % RING, cost)
    redis.call('HSET', key, 'n', window.total, 'o', string.format('%d', window.oldest))
    redis.call('PEXPIRE', key, math.ceil(RING * width / 1000) + 1)
  end
  local reset = 0
  if not window.fits then
    local last = reached(key, window.oldest, window.part, window.total + cost - limit)
    reset = last and (last + RING) * width - now or (RING - 1) * width
  elseif window.total > 0 then
    reset = (window.oldest + RING) * width - now
  end
  answer[#answer + 1] = window.fits and 1 or 0
  answer[#answer + 1] = math.max(0, limit - window.total)
  answer[#answer + 1] = reset
  answer[#answer + 1] = window.part
end
return answer
