CREATE SCHEMA "auth";
--> statement-breakpoint
CREATE TYPE "public"."account_kind" AS ENUM('local', 'guest', 'full');--> statement-breakpoint
CREATE TYPE "public"."message_role" AS ENUM('user', 'assistant', 'system');--> statement-breakpoint
CREATE TYPE "public"."thread_mode" AS ENUM('session', 'general');--> statement-breakpoint
CREATE TYPE "public"."thread_status" AS ENUM('active', 'archived');--> statement-breakpoint
CREATE TYPE "public"."tool_status" AS ENUM('pending', 'executing', 'succeeded', 'failed', 'abandoned');--> statement-breakpoint
CREATE TYPE "public"."import_fate" AS ENUM('created', 'updated', 'unchanged', 'kept', 'merged', 'quarantined');--> statement-breakpoint
CREATE TYPE "public"."member_role" AS ENUM('owner', 'editor', 'viewer');--> statement-breakpoint
CREATE TYPE "public"."session_visibility" AS ENUM('members');--> statement-breakpoint
CREATE TABLE "access_cutoffs" (
	"account_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"cutoff_at" timestamp (6) with time zone NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "access_cutoffs_account_id_session_id_pk" PRIMARY KEY("account_id","session_id")
);
--> statement-breakpoint
CREATE TABLE "accounts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"display_name" text NOT NULL,
	"kind" "account_kind" NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "accounts_display_name_length" CHECK (char_length("accounts"."display_name") between 1 and 100)
);
--> statement-breakpoint
CREATE TABLE "applied_mutations" (
	"account_id" uuid NOT NULL,
	"mutation_id" uuid NOT NULL,
	"name" text NOT NULL,
	"input_sha256" text NOT NULL,
	"result" jsonb,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "applied_mutations_account_id_mutation_id_pk" PRIMARY KEY("account_id","mutation_id")
);
--> statement-breakpoint
CREATE TABLE "auth"."credentials" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"account_id" text NOT NULL,
	"provider_id" text NOT NULL,
	"access_token" text,
	"refresh_token" text,
	"id_token" text,
	"access_token_expires_at" timestamp (6) with time zone,
	"refresh_token_expires_at" timestamp (6) with time zone,
	"scope" text,
	"password" text,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "auth"."logins" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"token" text NOT NULL,
	"expires_at" timestamp (6) with time zone NOT NULL,
	"ip_address" text,
	"user_agent" text,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "logins_token_unique" UNIQUE("token")
);
--> statement-breakpoint
CREATE TABLE "auth"."users" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"email_verified" boolean DEFAULT false NOT NULL,
	"is_anonymous" boolean DEFAULT false NOT NULL,
	"image" text,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "auth"."verifications" (
	"id" text PRIMARY KEY NOT NULL,
	"identifier" text NOT NULL,
	"value" text NOT NULL,
	"expires_at" timestamp (6) with time zone NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "chat_messages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"thread_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"author_account_id" uuid,
	"role" "message_role" NOT NULL,
	"content" text NOT NULL,
	"mentions" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"evidence" jsonb,
	"cited_events" jsonb,
	"client_message_id" text,
	"misalignment_id" text,
	"edited_at" timestamp (6) with time zone,
	"removed_at" timestamp (6) with time zone,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chat_messages_position" UNIQUE("thread_id","position"),
	CONSTRAINT "chat_messages_position_from_one" CHECK ("chat_messages"."position" >= 1),
	CONSTRAINT "chat_messages_size" CHECK (octet_length("chat_messages"."content") <= 102400),
	CONSTRAINT "chat_messages_tombstones_are_empty" CHECK ("chat_messages"."removed_at" is null or ("chat_messages"."content" = '' and "chat_messages"."evidence" is null and "chat_messages"."cited_events" is null and "chat_messages"."mentions" = '[]')),
	CONSTRAINT "chat_messages_mentions_are_a_list" CHECK (jsonb_typeof("chat_messages"."mentions") = 'array')
);
--> statement-breakpoint
CREATE TABLE "chat_threads" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"mode" "thread_mode" NOT NULL,
	"title" text NOT NULL,
	"status" "thread_status" DEFAULT 'active' NOT NULL,
	"created_by_account_id" uuid,
	"last_position" integer DEFAULT 0 NOT NULL,
	"message_count" integer DEFAULT 0 NOT NULL,
	"last_message_preview" text,
	"last_message_at" timestamp (6) with time zone,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chat_threads_id_session" UNIQUE("id","session_id"),
	CONSTRAINT "chat_threads_title_length" CHECK (char_length("chat_threads"."title") between 1 and 200),
	CONSTRAINT "chat_threads_counters" CHECK ("chat_threads"."message_count" between 0 and "chat_threads"."last_position"),
	CONSTRAINT "chat_threads_preview_length" CHECK (char_length("chat_threads"."last_message_preview") <= 280)
);
--> statement-breakpoint
CREATE TABLE "chat_tool_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"thread_id" uuid,
	"tool_call_id" text,
	"tool_name" text NOT NULL,
	"arguments" jsonb,
	"status" "tool_status" NOT NULL,
	"result" jsonb,
	"error" text,
	"cited_events" jsonb,
	"created_by_account_id" uuid,
	"started_at" timestamp (6) with time zone NOT NULL,
	"completed_at" timestamp (6) with time zone,
	"latency_ms" integer,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chat_tool_events_name_length" CHECK (char_length("chat_tool_events"."tool_name") between 1 and 200),
	CONSTRAINT "chat_tool_events_open_have_no_outcome" CHECK ("chat_tool_events"."status" not in ('pending', 'executing') or ("chat_tool_events"."result" is null and "chat_tool_events"."error" is null and "chat_tool_events"."completed_at" is null)),
	CONSTRAINT "chat_tool_events_result_means_succeeded" CHECK ("chat_tool_events"."result" is null or "chat_tool_events"."status" = 'succeeded'),
	CONSTRAINT "chat_tool_events_error_means_failed" CHECK ("chat_tool_events"."error" is null or "chat_tool_events"."status" in ('failed', 'abandoned')),
	CONSTRAINT "chat_tool_events_latency" CHECK ("chat_tool_events"."latency_ms" >= 0)
);
--> statement-breakpoint
CREATE TABLE "heartbeats" (
	"id" uuid PRIMARY KEY NOT NULL,
	"beat_at" timestamp (6) with time zone NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "import_records" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"run_id" uuid NOT NULL,
	"source" text NOT NULL,
	"kind" text NOT NULL,
	"legacy_id" text NOT NULL,
	"raw" text NOT NULL,
	"raw_sha256" text NOT NULL,
	"fate" "import_fate" NOT NULL,
	"reason" text,
	"target_table" text,
	"target_id" uuid,
	"target_sha256" text,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "import_records_identity" UNIQUE("account_id","source","kind","legacy_id")
);
--> statement-breakpoint
CREATE TABLE "import_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"source" text NOT NULL,
	"folder" text NOT NULL,
	"files" jsonb NOT NULL,
	"read" integer NOT NULL,
	"created" integer NOT NULL,
	"updated" integer NOT NULL,
	"unchanged" integer NOT NULL,
	"kept" integer NOT NULL,
	"merged" integer NOT NULL,
	"quarantined" integer NOT NULL,
	"started_at" timestamp (6) with time zone NOT NULL,
	"finished_at" timestamp (6) with time zone NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "import_runs_account_for_every_record" CHECK ("import_runs"."read" = "import_runs"."created" + "import_runs"."updated" + "import_runs"."unchanged" + "import_runs"."kept" + "import_runs"."merged" + "import_runs"."quarantined")
);
--> statement-breakpoint
CREATE TABLE "inbox_entries" (
	"account_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"title" text NOT NULL,
	"last_message_preview" text,
	"last_message_author" text,
	"last_message_at" timestamp (6) with time zone,
	"unread_count" integer DEFAULT 0 NOT NULL,
	"last_read_at" timestamp (6) with time zone,
	"pinned" boolean DEFAULT false NOT NULL,
	"archived_at" timestamp (6) with time zone,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_entries_account_id_session_id_pk" PRIMARY KEY("account_id","session_id"),
	CONSTRAINT "inbox_entries_unread_count" CHECK ("inbox_entries"."unread_count" >= 0),
	CONSTRAINT "inbox_entries_preview_length" CHECK (char_length("inbox_entries"."last_message_preview") <= 280)
);
--> statement-breakpoint
CREATE TABLE "invitations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"created_by_account_id" uuid NOT NULL,
	"token_hash" text NOT NULL,
	"role" "member_role" NOT NULL,
	"expires_at" timestamp (6) with time zone NOT NULL,
	"max_uses" integer DEFAULT 1 NOT NULL,
	"uses" integer DEFAULT 0 NOT NULL,
	"revoked_at" timestamp (6) with time zone,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invitations_token_hash_unique" UNIQUE("token_hash"),
	CONSTRAINT "invitations_token_hash_form" CHECK ("invitations"."token_hash" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "invitations_never_make_owners" CHECK ("invitations"."role" <> 'owner'),
	CONSTRAINT "invitations_uses" CHECK ("invitations"."uses" between 0 and "invitations"."max_uses" and "invitations"."max_uses" between 1 and 200)
);
--> statement-breakpoint
CREATE TABLE "session_members" (
	"session_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"display_name" text NOT NULL,
	"role" "member_role" NOT NULL,
	"joined_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"left_at" timestamp (6) with time zone,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "session_members_session_id_account_id_pk" PRIMARY KEY("session_id","account_id"),
	CONSTRAINT "session_members_display_name_length" CHECK (char_length("session_members"."display_name") between 1 and 100),
	CONSTRAINT "session_members_left_after_joined" CHECK ("session_members"."left_at" >= "session_members"."joined_at")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner_account_id" uuid NOT NULL,
	"title" text NOT NULL,
	"agent" text,
	"native_id" text,
	"cwd" text,
	"repository" text,
	"branch" text,
	"commit" text,
	"model" text,
	"visibility" "session_visibility" DEFAULT 'members' NOT NULL,
	"member_count" integer DEFAULT 0 NOT NULL,
	"thread_count" integer DEFAULT 0 NOT NULL,
	"message_count" integer DEFAULT 0 NOT NULL,
	"last_message_at" timestamp (6) with time zone,
	"started_at" timestamp (6) with time zone,
	"ended_at" timestamp (6) with time zone,
	"archived_at" timestamp (6) with time zone,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sessions_identity" UNIQUE("owner_account_id","agent","native_id"),
	CONSTRAINT "sessions_title_length" CHECK (char_length("sessions"."title") between 1 and 200),
	CONSTRAINT "sessions_agent_known" CHECK ("sessions"."agent" in ('codex', 'claude', 'gemini')),
	CONSTRAINT "sessions_native_id_of_an_agent" CHECK ("sessions"."native_id" is null or "sessions"."agent" is not null),
	CONSTRAINT "sessions_member_count" CHECK ("sessions"."member_count" between 0 and 200),
	CONSTRAINT "sessions_counters" CHECK ("sessions"."thread_count" >= 0 and "sessions"."message_count" >= 0),
	CONSTRAINT "sessions_end_after_start" CHECK ("sessions"."ended_at" >= "sessions"."started_at")
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"public_jwk" jsonb NOT NULL,
	"expires_at" timestamp (6) with time zone NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "applied_mutations" ADD CONSTRAINT "applied_mutations_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auth"."credentials" ADD CONSTRAINT "credentials_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auth"."logins" ADD CONSTRAINT "logins_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auth"."users" ADD CONSTRAINT "users_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_of_a_thread" FOREIGN KEY ("thread_id","session_id") REFERENCES "public"."chat_threads"("id","session_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_by_a_member" FOREIGN KEY ("session_id","author_account_id") REFERENCES "public"."session_members"("session_id","account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_threads" ADD CONSTRAINT "chat_threads_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_threads" ADD CONSTRAINT "chat_threads_by_a_member" FOREIGN KEY ("session_id","created_by_account_id") REFERENCES "public"."session_members"("session_id","account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_tool_events" ADD CONSTRAINT "chat_tool_events_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_tool_events" ADD CONSTRAINT "chat_tool_events_of_a_thread" FOREIGN KEY ("thread_id","session_id") REFERENCES "public"."chat_threads"("id","session_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_tool_events" ADD CONSTRAINT "chat_tool_events_by_a_member" FOREIGN KEY ("session_id","created_by_account_id") REFERENCES "public"."session_members"("session_id","account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_records" ADD CONSTRAINT "import_records_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_records" ADD CONSTRAINT "import_records_of_a_run" FOREIGN KEY ("run_id") REFERENCES "public"."import_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_runs" ADD CONSTRAINT "import_runs_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox_entries" ADD CONSTRAINT "inbox_entries_of_a_member" FOREIGN KEY ("session_id","account_id") REFERENCES "public"."session_members"("session_id","account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_by_a_member" FOREIGN KEY ("session_id","created_by_account_id") REFERENCES "public"."session_members"("session_id","account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_members" ADD CONSTRAINT "session_members_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_members" ADD CONSTRAINT "session_members_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_owner_account_id_accounts_id_fk" FOREIGN KEY ("owner_account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "access_cutoffs_recent" ON "access_cutoffs" USING btree ("cutoff_at");--> statement-breakpoint
CREATE INDEX "credentials_user" ON "auth"."credentials" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "logins_user" ON "auth"."logins" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "users_account" ON "auth"."users" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "verifications_identifier" ON "auth"."verifications" USING btree ("identifier");--> statement-breakpoint
CREATE UNIQUE INDEX "chat_messages_client_message_id" ON "chat_messages" USING btree ("thread_id","client_message_id");--> statement-breakpoint
CREATE INDEX "chat_messages_reading" ON "chat_messages" USING btree ("session_id","thread_id","position");--> statement-breakpoint
CREATE INDEX "chat_messages_unread" ON "chat_messages" USING btree ("session_id","created_at");--> statement-breakpoint
CREATE INDEX "chat_threads_session" ON "chat_threads" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "chat_tool_events_reading" ON "chat_tool_events" USING btree ("session_id","thread_id","started_at");--> statement-breakpoint
CREATE INDEX "import_records_target" ON "import_records" USING btree ("target_table","target_id");--> statement-breakpoint
CREATE INDEX "import_records_run" ON "import_records" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "import_runs_account" ON "import_runs" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "inbox_entries_session" ON "inbox_entries" USING btree ("session_id","account_id");--> statement-breakpoint
CREATE INDEX "invitations_session" ON "invitations" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "session_members_account" ON "session_members" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "sessions_owner" ON "sessions" USING btree ("owner_account_id");