-- What Drizzle's table definitions cannot say: roles, triggers, deferred checks, the publication.

-- Roles belong to the whole server, so another database of it may have made them already.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_app') THEN
    CREATE ROLE throughline_app;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_electric') THEN
    CREATE ROLE throughline_electric REPLICATION;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL; -- two databases of one server migrating at the same moment
END
$$;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public, auth TO throughline_app;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, auth TO throughline_app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO throughline_app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA auth GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO throughline_app;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO throughline_electric;
--> statement-breakpoint
-- Synced tables only: the service that streams cannot read what no shape names.
GRANT SELECT ON accounts, sessions, session_members, inbox_entries, chat_threads, chat_messages, chat_tool_events, heartbeats
  TO throughline_electric;
--> statement-breakpoint
-- Deleting a session cascades to members and, by way of threads, to messages; these checks must see the end of that, not its middle.
ALTER TABLE chat_threads ALTER CONSTRAINT chat_threads_by_a_member DEFERRABLE INITIALLY DEFERRED;
--> statement-breakpoint
ALTER TABLE chat_messages ALTER CONSTRAINT chat_messages_by_a_member DEFERRABLE INITIALLY DEFERRED;
--> statement-breakpoint
ALTER TABLE chat_tool_events ALTER CONSTRAINT chat_tool_events_by_a_member DEFERRABLE INITIALLY DEFERRED;
--> statement-breakpoint
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON accounts FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON sessions FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON session_members FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON inbox_entries FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON invitations FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON chat_threads FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON chat_messages FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON chat_tool_events FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER touch BEFORE UPDATE ON import_records FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION touch_updated_at();
--> statement-breakpoint
-- The position is taken here, under the thread's row lock, so that no code path can leave a gap or make a tie.
-- A transaction that rolls back gives its position back with everything else.
CREATE FUNCTION take_message_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE chat_threads SET last_position = last_position + 1
    WHERE id = NEW.thread_id AND session_id = NEW.session_id
    RETURNING last_position INTO NEW.position;
  IF NOT FOUND THEN
    RAISE foreign_key_violation USING MESSAGE = 'a message belongs to a thread of its session', CONSTRAINT = 'chat_messages_of_a_thread';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER take_position BEFORE INSERT ON chat_messages FOR EACH ROW EXECUTE FUNCTION take_message_position();
--> statement-breakpoint
CREATE FUNCTION keep_message_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    -- With its thread a message may go; alone it leaves a tombstone (removed_at).
    IF EXISTS (SELECT FROM chat_threads WHERE id = OLD.thread_id) THEN
      RAISE restrict_violation USING MESSAGE = 'a removed message leaves a tombstone in its place', CONSTRAINT = 'chat_messages_keep_their_place';
    END IF;
    RETURN OLD;
  END IF;
  RAISE restrict_violation USING MESSAGE = 'a message keeps its session, thread and position', CONSTRAINT = 'chat_messages_keep_their_place';
END
$$;
--> statement-breakpoint
CREATE TRIGGER keep_place BEFORE DELETE ON chat_messages FOR EACH ROW EXECUTE FUNCTION keep_message_place();
--> statement-breakpoint
CREATE TRIGGER keep_place_on_update BEFORE UPDATE ON chat_messages FOR EACH ROW
  WHEN ((OLD.session_id, OLD.thread_id, OLD.position) IS DISTINCT FROM (NEW.session_id, NEW.thread_id, NEW.position))
  EXECUTE FUNCTION keep_message_place();
--> statement-breakpoint
-- Access that ends is recorded and announced by the database itself: every app instance ends the person's streams.
CREATE FUNCTION end_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO access_cutoffs (account_id, session_id, cutoff_at) VALUES (OLD.account_id, OLD.session_id, clock_timestamp())
    ON CONFLICT (account_id, session_id) DO UPDATE SET cutoff_at = EXCLUDED.cutoff_at;
  PERFORM pg_notify('access_ended', OLD.account_id || ' ' || OLD.session_id);
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER end_access_on_leave AFTER UPDATE OF left_at ON session_members FOR EACH ROW
  WHEN (OLD.left_at IS NULL AND NEW.left_at IS NOT NULL) EXECUTE FUNCTION end_access();
--> statement-breakpoint
CREATE TRIGGER end_access_on_delete AFTER DELETE ON session_members FOR EACH ROW
  WHEN (OLD.left_at IS NULL) EXECUTE FUNCTION end_access();
--> statement-breakpoint
ALTER TABLE accounts REPLICA IDENTITY FULL;
--> statement-breakpoint
ALTER TABLE sessions REPLICA IDENTITY FULL;
--> statement-breakpoint
ALTER TABLE session_members REPLICA IDENTITY FULL;
--> statement-breakpoint
ALTER TABLE inbox_entries REPLICA IDENTITY FULL;
--> statement-breakpoint
ALTER TABLE chat_threads REPLICA IDENTITY FULL;
--> statement-breakpoint
ALTER TABLE chat_messages REPLICA IDENTITY FULL;
--> statement-breakpoint
ALTER TABLE chat_tool_events REPLICA IDENTITY FULL;
--> statement-breakpoint
ALTER TABLE heartbeats REPLICA IDENTITY FULL;
--> statement-breakpoint
-- Named as the Electric service expects it; it runs with manual publishing and never alters it.
CREATE PUBLICATION electric_publication_default FOR TABLE
  accounts, sessions, session_members, inbox_entries, chat_threads, chat_messages, chat_tool_events, heartbeats;
