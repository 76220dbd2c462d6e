-- name: lock_follower
INSERT INTO follower (follower, outputs_to, checkpoint_at) VALUES (%(follower)s, 0, 0)
ON CONFLICT (follower) DO UPDATE SET outputs_to = follower.outputs_to
RETURNING outputs_to, checkpoint_at, state

-- name: claim
SELECT pg_try_advisory_lock(hashtext('citywatch.follower'), hashtext(%s))

-- name: advance
UPDATE follower SET outputs_to = %s WHERE follower = %s

-- name: checkpoint
UPDATE follower SET checkpoint_at = %s, state = %s WHERE follower = %s
