// An administrator creates a provisioning connection, from the one-time link to the people at the target: by mouse, by
// keyboard only, and without scripts.
import { join } from 'node:path';

import { Keyboard, Mouse } from './hands.mjs';
import { Labels, field } from './labels.mjs';
import { expect, firstOperator, modify, story, target, until, world } from './lib.mjs';

const STORE = 'Company';
const ldap = new URL(world.ldap).host;
const way = process.env.USHER_STORY_WAY ?? 'mouse';

await story(`seed-${way}`, async told => {
  const page = await told.open({ script: way !== 'plain' });
  const hand = way === 'keyboard' ? new Keyboard(page) : new Mouse(page);
  const labels = new Labels();
  await firstOperator(page, hand);
  await told.picture(page, '1-first-page');
  await dataStore(told, page, hand);
  await roles(told, page, hand, labels);
  await connection(told, page, hand, labels);
  labels.end();
  await peopleArrive(told, page, hand);
});

/** The directory that people come from. */
async function dataStore(told, page, hand) {
  await menu(page, hand, 'Data Stores');
  await hand.press(page.getByRole('link', { name: 'Add New Data Store' }));
  await hand.tick(page.getByRole('radio', { name: /LDAP\)?$/ }), true);
  await hand.press(page.getByRole('button', { name: 'Next', exact: true }));
  await hand.fill(field(page, 'Data Store Name'), STORE);
  await hand.fill(field(page, 'Hostname(s)'), ldap);
  await hand.tick(field(page, 'Use LDAPS'), false);
  await hand.choose(field(page, 'LDAP Type'), 'OpenLDAP');
  await hand.fill(field(page, 'User DN'), process.env.USHER_LDAP_READER);
  await hand.fill(field(page, 'Password'), process.env.USHER_LDAP_READER_PASSWORD);
  await hand.push(page.getByRole('button', { name: 'Test Connection' }));
  await page.getByRole('heading', { name: 'Test Connection' }).waitFor();
  await told.picture(page, '2-data-store');
  if (way === 'plain') await hand.fill(field(page, 'Password'), process.env.USHER_LDAP_READER_PASSWORD);
  await hand.press(page.getByRole('button', { name: 'Save', exact: true }));
  await page.getByText('Saved.').or(page.getByText('Created.')).first().waitFor();
}

/** The role and the protocol: cleared, nothing of provisioning is offered; ticked, it is. */
async function roles(told, page, hand, labels) {
  const outbound = page.getByRole('checkbox', { name: 'Outbound Provisioning', exact: true });
  const save = page.getByRole('button', { name: 'Save', exact: true });
  const tab = page.getByRole('navigation', { name: 'Tabs of this page' }).getByRole('link', { name: 'Outbound Provisioning' });

  await labels.see(page, 'System', 'Protocol Settings');
  await menu(page, hand, 'Protocol Settings');
  await hand.tick(outbound, false);
  await hand.press(save);
  await page.getByText('Saved.').waitFor();
  expect(await tab.count() === 0, 'without the protocol there is no tab Outbound Provisioning');

  await menu(page, hand, 'SP Connections');
  await hand.press(page.getByRole('button', { name: 'Create new' }));
  const draft = page.url();
  await page.goto(draft.replace('connection-template', 'connection-type'));
  await page.getByText('Outbound provisioning is off in this installation').waitFor();
  expect(await page.getByRole('checkbox', { name: 'Outbound Provisioning' }).count() === 0, 'the type is not offered');
  await page.goto(draft.replace('connection-template', 'activation-summary'));
  await hand.press(page.getByRole('button', { name: 'Discard draft' }));

  await menu(page, hand, 'Protocol Settings');
  await labels.see(page, 'Roles & Protocols', 'Enable Identity Provider IdP Role and Support the Following', 'Outbound Provisioning', 'Save');
  await hand.tick(page.getByRole('checkbox', { name: /^Enable Identity Provider/ }), true);
  await hand.tick(outbound, true);
  await hand.press(save);
  await page.getByText('Saved.').waitFor();
  await tab.waitFor();
  await told.picture(page, '3-roles');
  await hand.press(tab);
  await hand.fill(field(page, 'Synchronization frequency'), '1');
  await hand.press(save);
  await page.getByText('Saved.').waitFor();
}

async function connection(told, page, hand, labels) {
  const next = page.getByRole('button', { name: 'Next', exact: true });
  await labels.see(page, 'Identity Provider', 'SP Connections');
  await menu(page, hand, 'SP Connections');
  await labels.see(page, 'Create new');
  await hand.press(page.getByRole('button', { name: 'Create new' }));

  await labels.see(page, 'Connection Template', 'Use a template for this connection');
  await hand.tick(field(page, 'Use a template for this connection'), true);
  await labels.see(page, 'Connection Template', 'Atlassian Provisioner');
  await hand.choose(page.getByRole('combobox', { name: 'Connection Template' }), 'Atlassian Provisioner');
  await labels.see(page, 'Choose File', 'atlassian-saml-metadata.xml');
  const metadata = join(world.files, 'atlassian-saml-metadata.xml');
  const download = page.waitForEvent('download');
  await hand.press(page.getByRole('link', { name: 'atlassian-saml-metadata.xml' }));
  await (await download).saveAs(metadata);
  await hand.file(field(page, 'Choose File'), metadata);
  await labels.see(page, 'Open');
  await hand.press(page.getByRole('button', { name: 'Open' }));
  await page.getByText('Read from atlassian-saml-metadata.xml').waitFor();
  await told.picture(page, '4-template');
  await labels.see(page, 'Next');
  await hand.press(next);

  await labels.see(page, 'Connection Type', 'Outbound Provisioning');
  await hand.tick(page.getByRole('checkbox', { name: 'Outbound Provisioning', exact: true }), true);
  await labels.see(page, 'Next');
  await hand.press(next);

  await labels.see(page, 'General Info', 'Base URL');
  await labels.seeInWords(page, 'Directory base URL');
  expect(await field(page, 'Connection Name').inputValue() !== '', 'the file fills the name of the connection');
  await hand.fill(field(page, 'Base URL'), world.scim);
  await labels.see(page, 'Next');
  await hand.press(next);

  await labels.see(page, 'Outbound Provisioning', 'Configure Provisioning');
  await hand.press(page.getByRole('button', { name: 'Configure Provisioning' }));
  await labels.see(page, 'Target', 'Directory base URL');
  const base = field(page, 'Directory base URL');
  expect(await base.inputValue() === world.scim, 'the base URL of General Info is offered');
  await hand.fill(base, world.scim);
  await labels.see(page, 'API key');
  await hand.fill(field(page, 'API key'), world.key);
  await hand.fill(field(page, 'Protected accounts'), 'admin@example.com');
  await hand.push(page.getByRole('button', { name: 'Test target' }));
  await page.getByRole('heading', { name: 'Test target' }).waitFor();
  await told.picture(page, '5-target');
  await labels.see(page, 'Provisioning Options', 'Next');
  await hand.press(next);

  await labels.see(page, 'Manage Channels');
  await hand.press(page.getByRole('button', { name: 'Create', exact: true }));
  await channel(told, page, hand);
  await page.getByRole('heading', { level: 1, name: 'Manage Channels' }).waitFor();
  await told.picture(page, '7-channels');
  await labels.see(page, 'Done');
  await hand.press(page.getByRole('button', { name: 'Done' }));
  await labels.see(page, 'Outbound Provisioning', 'Next');
  await hand.press(next);

  await labels.see(page, 'Activation and Summary', 'Summary', 'Save');
  expect((await target('Users')).length === 0, 'nobody is at the target before this Save');
  await hand.tick(field(page, 'Active'), true);
  await told.picture(page, '8-summary');
  await hand.press(page.getByRole('button', { name: 'Save', exact: true }));
  await page.getByText('Saved.').first().waitFor();
  await told.picture(page, '9-saved');
}

/** A channel, tab by tab. */
async function channel(told, page, hand) {
  const next = page.getByRole('button', { name: 'Next', exact: true });
  const title = name => page.getByRole('heading', { level: 1, name }).waitFor();
  await hand.fill(field(page, 'Channel Name'), 'Staff');
  await hand.press(next);
  await title('Source');
  await hand.choose(field(page, 'Active Data Store'), `${STORE} (OpenLDAP, ${ldap})`);
  await hand.press(next);
  await title('Source Settings');
  await hand.fill(field(page, 'Account Status Attribute'), 'employeeType');
  await hand.choose(field(page, 'Account Status Algorithm'), 'Flag');
  await hand.fill(field(page, 'Flag Comparison Value'), 'left');
  await hand.choose(field(page, 'Flag Comparison Status'), 'Disabled (false)');
  await told.picture(page, '6-source-settings');
  await hand.press(next);
  await title('Source Location');
  await hand.fill(field(page, 'Base DN'), 'dc=example,dc=com');
  await hand.fill(field(page, 'Users: Filter'), '(objectClass=inetOrgPerson)');
  await hand.fill(field(page, 'Groups: Filter'), '(cn=app-*)');
  await hand.press(next);
  await title('Attribute Mapping');
  await told.picture(page, '6-mapping');
  await hand.press(next);
  await title('Policy');
  await hand.press(next);
  await title('Activation & Summary');
  await hand.tick(field(page, 'Active'), true);
  await told.picture(page, '6-channel-summary');
  await hand.press(page.getByRole('button', { name: 'Done' }));
}

/** The people and groups of the directory are at the target; one who is disabled is seen disabled. */
async function peopleArrive(told, page, hand) {
  const names = async () => (await target('Users')).map(user => user.userName.split('@')[0]).sort().join();
  await until('ana, ben, cleo and fay are at the target', async () => (await names()) === 'ana,ben,cleo,fay');
  await until('two groups are there', async () => (await target('Groups')).length === 2);
  modify('dn: uid=ben,ou=people,dc=example,dc=com\nchangetype: modify\nreplace: employeeType\nemployeeType: left\n');
  await until('ben is disabled at the target', async () => (await target('Users')).some(user => user.userName.startsWith('ben') && user.active === false));
  await until('ben is seen disabled on the console', async () => {
    await page.goto(new URL('/subjects?q=ben', page.url()).href);
    return /disabled/i.test(await page.locator('main table').first().innerText());
  });
}

async function menu(page, hand, name) {
  await hand.press(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }));
  await page.getByRole('heading', { level: 1 }).waitFor();
}
