"""An example of each kind, for the reference pages: read and checked by a test."""

EXAMPLES: dict[str, str] = {
    "ApiKeyAuth": """auth: {type: api_key, header: X-Api-Key, prefix: "Key ", value: "{{ secrets.key }}"}""",
    "BasicAuth": """auth: {type: basic, user: "{{ secrets.key }}", password: ""}""",
    "BearerAuth": """auth: {type: bearer, token: "{{ secrets.token }}", prefix: SSWS, optional: true}""",
    "OAuth2Auth": """
auth:
  type: oauth2
  grant: refresh_token
  token_url: "https://boards.example/oauth/token"
  client_id: "{{ secrets.client_id }}"
  client_secret: "{{ secrets.client_secret }}"
  refresh_token: "{{ secrets.refresh_token }}"
""",
    "LoginAuth": """
auth:
  type: login
  path: /session
  form: {user: "{{ secrets.user }}", password: "{{ secrets.password }}"}
  token: session.id
  cookie: WMSSESSION
  expires_in: session.ttl
""",
    "AwsSigV4Auth": """
auth:
  type: aws_sigv4
  access_key: "{{ secrets.access_key }}"
  secret_key: "{{ secrets.secret_key }}"
  region: "{{ config.region }}"
  service: es
""",
    "HmacAuth": """
auth:
  type: hmac
  key: "{{ secrets.secret }}"
  key_encoding: base64
  text: "{{ timestamp }}{{ request.method }}{{ request.path }}{{ request.body }}"
  encoding: base64
  header: X-Sign
  headers: {X-Key: "{{ secrets.key }}", X-Timestamp: "{{ timestamp }}"}
""",
    "HookAuth": """auth: {type: hook, hook: "acme.py:sign"}""",
    "MtlsAuth": """
auth:
  type: mtls
  certificate: "{{ secrets.certificate }}"
  private_key: "{{ secrets.private_key }}"
  credentials: {type: bearer, token: "{{ secrets.token }}"}
""",
    "ChooseAuth": """
auth:
  type: choose
  by: "{{ config.auth_kind }}"
  of:
    token: {type: bearer, token: "{{ secrets.token }}"}
    oauth:
      type: oauth2
      grant: refresh_token
      token_url: "https://boards.example/oauth/token"
      client_id: "{{ secrets.client_id }}"
      client_secret: "{{ secrets.client_secret }}"
      refresh_token: "{{ secrets.refresh_token }}"
""",
    "CsvFormat": """format: {type: csv, delimiter: ";", skip_rows: 2, encoding: cp1252}""",
    "HookFormat": """format: {type: hook, hook: "acme.py:parse"}""",
    "JsonFormat": "format: {type: json, encoding: latin-1}",
    "JsonlFormat": "format: {type: jsonl, compression: zip}",
    "XmlFormat": "format: {type: xml, namespaces: strip}",
    "CursorPagination": "pagination: {type: cursor, last: id, param: after, more: has_more}",
    "HookPagination": """pagination: {type: hook, hook: "acme.py:following"}""",
    "LinkHeaderPagination": "pagination: {type: link_header, rel: next}",
    "NextUrlPagination": "pagination: {type: next_url, next: paging.next, keep_params: true}",
    "NoPagination": "pagination: {type: none}",
    "OffsetPagination": """
pagination:
  type: offset
  param: offset
  page_size: {param: count, value: 1000}
  total_records: total_items
""",
    "PageNumberPagination": """
pagination:
  type: page_number
  param: page
  first: 0
  page_size: {param: size, value: 200}
  total_pages: meta.pages
""",
    "AzureStage": "stage: {type: azure, account: acmeraw, container: raw}",
    "LocalStage": """stage: {type: local, path: ".data/stage"}""",
    "S3Stage": "stage: {type: s3, bucket: acme-raw, region: eu-west-1}",
    "DuckDBWarehouse": """warehouse: {type: duckdb, path: ".data/warehouse.duckdb"}""",
    "SnowflakeWarehouse": """
warehouse:
  type: snowflake
  account: "env:SNOWFLAKE_ACCOUNT"
  user: INGEST_LOADER
  authenticator: key_pair
  private_key: "secret:snowflake#private_key"
  database: ANALYTICS
  warehouse: INGEST_WH
  role: INGEST_LOADER
  load: snowpipe
  storage_integration: S3_RAW
""",
    "AirflowSecrets": "secrets: {type: airflow}",
    "AwsParameterStore": "secrets: {type: aws_parameter_store, prefix: /ingest/, region: eu-west-1}",
    "FileSecrets": "secrets: {type: file, path: /run/secrets}",
    "AwsSecretsManager": "secrets: {type: aws_secrets_manager, prefix: ingest/, region: eu-west-1}",
    "AzureKeyVault": """secrets: {type: azure_key_vault, vault_url: "https://acme.vault.azure.net"}""",
    "EnvSecrets": "secrets: {type: env}",
    "AwsIdentity": """workload_identity: {type: aws, arn: "arn:aws:iam::111122223333:role/ingest"}""",
    "AzureIdentity": """
workload_identity:
  type: azure
  issuer: "https://login.microsoftonline.com/TENANT/v2.0"
  subject: 11111111-2222-3333-4444-555555555555
""",
    "SlackAlert": """alerts: [{type: slack, url: "secret:alerts#slack_url"}]""",
}
"""By the name of the type: YAML as it stands in a file, under its key."""
