import { expect, test } from 'vitest'
import { copied, quoted, readTables } from './catalog.ts'
import { suspendRules } from './rules.ts'
import { openSession, pinSettings } from './session.ts'
import { contentsOf, emptyDatabase, on, schemaOf } from './testing.ts'

// What migrations to come may bring, which today's tables have nothing of.
const SCHEMA = `
  create schema "odd ""name""";
  create table "odd ""name"""."select" (
    "id" bigint generated always as identity primary key,
    "a b" bytea,
    texts text[],
    numbers numeric[][],
    money double precision,
    span interval,
    doubled double precision generated always as (money * 2) stored,
    parent bigint references "odd ""name"""."select" (id)
  );
  create table left_one (id int primary key, "right" int);
  create table right_one (id int primary key, "left" int not null references left_one, label text unique deferrable initially deferred);
  alter table left_one add foreign key ("right") references right_one deferrable initially deferred;
  alter table left_one add constraint unproven foreign key (id) references right_one deferrable initially deferred not valid;
  create function loud() returns trigger language plpgsql as $$ begin raise 'a trigger ran'; end $$;
  create trigger ordinary before insert on left_one for each row execute function loud();
  create trigger always_on before insert on right_one for each row execute function loud();
  alter table right_one enable always trigger always_on;
  create trigger switched_off before insert on right_one for each row execute function loud();
  alter table right_one disable trigger switched_off;`

const ROWS = `
  alter table left_one disable trigger user; alter table right_one disable trigger user;
  insert into "odd ""name"""."select" (id, "a b", texts, numbers, money, span, parent) overriding system value values
    (2, '\\x00ff5c0a0d00', array['', null, '{}', '"', '\\'], '{{1,2},{3,NaN}}', 'Infinity', '1 mon -2 days 03:04:05.678901', null),
    (1, '', '{}', null, 'NaN', null, 2),
    (3, null, null, null, '-0', null, 3),
    (4, null, null, null, 1e-320, null, 1),
    (5, null, null, null, 0.1::float8 + 0.2::float8, null, 4);
  set constraints all deferred;
  insert into left_one values (1, 1), (2, null);
  insert into right_one values (1, 1, '\\N'), (2, 1, '');
  set constraints all immediate;
  alter table left_one enable trigger ordinary;`

test('rows of every type, generated columns, and tables that point at each other arrive as they were', async () => {
  await using from = await emptyDatabase()
  await using to = await emptyDatabase()
  for (const { ownerUrl } of [from, to]) await on(ownerUrl, (owner) => owner.unsafe(SCHEMA))
  const rules = await schemaOf(to.ownerUrl)
  await on(from.ownerUrl, (owner) => owner.unsafe(`begin; ${ROWS}; commit`))
  await using source = await openSession(from.ownerUrl)
  await using target = await openSession(to.ownerUrl)
  for (const session of [source, target]) {
    await session.query('begin')
    await pinSettings(session)
  }
  const tables = await readTables(source)
  expect(tables.map(quoted)).toEqual([
    '"odd ""name"""."select"',
    '"public"."left_one"',
    '"public"."right_one"',
  ])
  const restore = await suspendRules(target, tables)
  for (const table of tables) {
    await target.copyIn(`copy ${copied(table)} from stdin`, source.copyOut(`copy ${copied(table)} to stdout`))
  }
  await restore()
  await target.query('commit')
  expect(await contentsOf(to.ownerUrl)).toEqual(await contentsOf(from.ownerUrl))
  expect(await schemaOf(to.ownerUrl)).toEqual(rules)
})

test('a foreign key that points nowhere is found when the rules come back', async () => {
  await using target = await emptyDatabase()
  await on(target.ownerUrl, (owner) => owner.unsafe(SCHEMA))
  await using session = await openSession(target.ownerUrl)
  await session.query('begin')
  const restore = await suspendRules(session, await readTables(session))
  await session.query('insert into right_one values (1, 7)')
  await expect(restore()).rejects.toMatchObject({ code: '23503', constraint: 'right_one_left_fkey' })
})
