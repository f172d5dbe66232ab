// The table of all pages. `at`: its address; or `from`: the page (by name) with a link whose address is like `link`.
// or `beside`: a tab beside that page. `open`: shown to whoever is not signed in.
export const PAGES = {
  frame: [
    { name: 'sign-in', at: '/sign-in', open: true },
    { name: 'first-run', at: '/first-run', open: true },
    { name: 'home', at: '/' },
    { name: 'not-found', at: '/no/such/page', status: 404 },
    { name: 'roles-and-protocols', at: '/system/protocol-settings' },
    { name: 'outbound-settings', at: '/system/protocol-settings/outbound-provisioning' },
  ],
  connections: [
    { name: 'sp-connections', at: '/sp-connections' },
    { name: 'import', at: '/sp-connections/import' },
    { name: 'connection-template', at: '/sp-connections/cloud/connection-template' },
    { name: 'connection-type', at: '/sp-connections/cloud/connection-type' },
    { name: 'general-info', at: '/sp-connections/cloud/general-info' },
    { name: 'outbound-provisioning', at: '/sp-connections/cloud/outbound-provisioning' },
    { name: 'target', at: '/sp-connections/cloud/target' },
    { name: 'manage-channels', at: '/sp-connections/cloud/manage-channels' },
    { name: 'activation-and-summary', at: '/sp-connections/cloud/activation-summary' },
    { name: 'delete-connection', at: '/sp-connections/cloud/delete' },
  ],
  system: [
    { name: 'data-stores', at: '/system/data-stores' },
    { name: 'add-data-store', at: '/system/data-stores/new' },
    { name: 'add-directory', at: '/system/data-stores/new/ldap' },
    { name: 'add-file', at: '/system/data-stores/new/ldif' },
    { name: 'data-store', at: '/system/data-stores/directory/edit' },
    { name: 'data-store-usage', at: '/system/data-stores/directory/usage' },
    { name: 'certificates', at: '/system/certificates' },
    { name: 'import-certificate', at: '/system/certificates/import' },
    { name: 'alerts', at: '/system/alerts' },
    { name: 'alerts-who-is-told', at: '/system/alerts/settings' },
    { name: 'alerts-mail-server', at: '/system/alerts/mail' },
    { name: 'operators', at: '/system/operators' },
    { name: 'new-operator', at: '/system/operators/new' },
    { name: 'account', at: '/account' },
    { name: 'backups', at: '/system/backups' },
  ],
  operate: [
    { name: 'all-channels', at: '/channels' },
    { name: 'channel', from: 'all-channels', link: /^\/channels\/[0-9a-f-]+$/ },
    { name: 'cycles', from: 'channel', link: /^\/channels\/[0-9a-f-]+\/cycles$/ },
    { name: 'cycle', from: 'cycles', link: /^\/cycles\/\d/ },
    { name: 'people', at: '/subjects' },
    { name: 'person', from: 'people', link: /^\/subjects\/\d/ },
    { name: 'ask', at: '/subjects/ask' },
    { name: 'waiting', at: '/waiting' },
    { name: 'log', at: '/log' },
    { name: 'sent', at: '/log/sent' },
    { name: 'search', at: '/search?q=ana' },
  ],
  channel: [
    { name: 'channels', at: '/sp-connections/cloud/manage-channels' },
    { name: 'channel-info', from: 'channels', link: /channel-info$/ },
    ...['source', 'source-settings', 'source-location', 'source-location/browse?for=baseDn', 'attribute-mapping', 'attribute-mapping/specifications', 'attribute-mapping/userName', 'policy', 'activation-summary']
      .map(tab => ({ name: `channel-${tab.replace(/\W.*for=|\W/g, '-')}`, beside: 'channel-info', tab })),
  ],
};

/** Places of the menu that have no page yet; each goes from here with its page. */
export const MISSING = [];
