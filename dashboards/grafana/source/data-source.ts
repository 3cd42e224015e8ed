/** The data source that the variable of every dashboard names. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the variable in
export const DATA_SOURCE = { type: 'influxdb', uid: '${datasource}' } as const;

/** What provisioning calls it. */
export const PROVISIONED_UID = 'sluice';
