-- Gives ARGV[1] back to every window in KEYS. ARGV[2i]: the part it was spent in, ARGV[2i+1]: the width of a part.
local RING = 61
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local part, width = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local head = redis.call('HMGET', key, 'o', part % RING)
  local oldest, spent = tonumber(head[1]), tonumber(head[2]) or 0
  -- A slot belongs to the part only between the oldest part and one turn of the ring.
  if oldest and part >= oldest and part > math.floor(now / width) - RING and spent > 0 then
    local back = math.min(spent, cost)
    redis.call('HINCRBY', key, 'n', -back)
    if spent == back then
      redis.call('HDEL', key, part % RING)
    else
      redis.call('HINCRBY', key, part % RING, -back)
    end
  end
end
