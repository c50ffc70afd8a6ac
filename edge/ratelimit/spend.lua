-- Spends ARGV[1] from every window in KEYS, or from none when one of them does not have it. KEYS may end with one more, a
-- counter: its value, or 0, ends the answer, so that it costs no trip of its own. ARGV[2] is the number of windows.
-- For each window three arguments and more: limit, width of a part (microseconds), number of cool-down steps, the steps
-- (microseconds). Returns four numbers a window: allowed, remaining, microseconds until something (enough, when refused)
-- is free, and the part that counts now.
--
-- A window is a ring of 61 slots in a hash: slot p % 61 holds what was spent in part p, `n` the sum, `o` the oldest part.
-- `u` is when its cool-down ends, `c` how many offences there were, `a` when the last one was.
-- Time is the server's, so that hosts whose clocks differ agree.
local RING = 61
local FORGET = 86400 * 1000000
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

local function opened(key, limit, width, steps)
  local part = math.floor(now / width)
  local head = redis.call('HMGET', key, 'n', 'o', 'u', part % RING)
  local total, oldest, ends = tonumber(head[1]) or 0, tonumber(head[2]) or part, tonumber(head[3]) or 0
  local spent = head[4]
  if part < oldest then
    -- The server's clock was set back: count in the oldest part there is.
    part = oldest
    spent = redis.call('HGET', key, part % RING)
  end
  if oldest < part - RING + 1 then
    local gone = slots(oldest, part - RING)
    for _, count in ipairs(redis.call('HMGET', key, unpack(gone))) do
      total = total - (tonumber(count) or 0)
    end
    redis.call('HDEL', key, unpack(gone))
    oldest = part
    spent = nil
    if total > 0 then
      oldest = reached(key, part - RING + 1, part, 1) or part
    end
    redis.call('HSET', key, 'n', total, 'o', string.format('%d', oldest))
  end
  local cools = ends > now
  return {
    key = key, limit = limit, width = width, steps = steps, total = total, oldest = oldest, part = part,
    spent = tonumber(spent), ends = ends, cools = cools, fits = not cools and total + cost <= limit
  }
end

-- Keep the hash until its window is over, and its offences until they are forgotten.
local function keep(window, ttl)
  if #window.steps > 0 then
    ttl = math.max(ttl, redis.call('PTTL', window.key))
  end
  redis.call('PEXPIRE', window.key, ttl)
end

local function spend(window)
  if window.total == 0 then
    window.oldest = window.part
  end
  window.total = window.total + cost
  local slot, spent = window.part % RING, (window.spent or 0) + cost
  redis.call('HSET', window.key, slot, spent, 'n', window.total, 'o', string.format('%d', window.oldest))
  -- What was spent in this part before keeps the hash for as long: until the part has left the window.
  if not window.spent then
    keep(window, math.ceil(RING * window.width / 1000) + 1)
  end
end

-- A refusal by the window itself is an offence; what is refused while it cools down is none, or it would never end.
local function offend(window)
  local last = redis.call('HMGET', window.key, 'c', 'a')
  local count = (tonumber(last[1]) or 0) + 1
  if (tonumber(last[2]) or 0) < now - FORGET then
    count = 1
  end
  local step = window.steps[math.min(count, #window.steps)]
  window.ends = now + step
  redis.call('HSET', window.key, 'c', count, 'a', string.format('%d', now), 'u', string.format('%d', window.ends))
  keep(window, math.ceil((FORGET + step) / 1000) + 1)
end

local function reset(window)
  local wait = 0
  if not window.fits then
    local last = reached(window.key, window.oldest, window.part, window.total + cost - window.limit)
    if last and window.total + cost > window.limit then
      wait = (last + RING) * window.width - now
    elseif not window.cools then
      wait = (RING - 1) * window.width
    end
    return math.max(wait, window.ends - now)
  end
  if window.total > 0 then
    wait = (window.oldest + RING) * window.width - now
  end
  return wait
end

local passes = true
local windows = {}
local at = 3
for i = 1, tonumber(ARGV[2]) do
  local steps = {}
  for step = 1, tonumber(ARGV[at + 2]) do
    steps[step] = tonumber(ARGV[at + 2 + step])
  end
  windows[i] = opened(KEYS[i], tonumber(ARGV[at]), tonumber(ARGV[at + 1]), steps)
  passes = passes and windows[i].fits
  at = at + 3 + #steps
end

local answer = {}
for _, window in ipairs(windows) do
  if passes and cost > 0 then
    spend(window)
  elseif not window.fits and not window.cools and #window.steps > 0 then
    offend(window)
  end
  answer[#answer + 1] = window.fits and 1 or 0
  answer[#answer + 1] = window.ends > now and 0 or math.max(0, window.limit - window.total)
  answer[#answer + 1] = reset(window)
  answer[#answer + 1] = window.part
end
if #KEYS > #windows then
  answer[#answer + 1] = tonumber(redis.call('GET', KEYS[#KEYS])) or 0
end
return answer
