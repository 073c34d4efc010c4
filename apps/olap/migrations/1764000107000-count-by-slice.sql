-- Events of a slice are of many tenants: the system login counts them with one statement a kind, not one
-- a tenant (docs/adr/0016). It may not read or change anything else of a tenant's here.
CREATE POLICY system_access ON email_activity_hourly FOR ALL TO {{tier}}_system
    USING (true) WITH CHECK (true);
SELECT grant_row_rights('email_activity_hourly', 'SELECT, INSERT, UPDATE', '{{tier}}_system');

CREATE POLICY system_access ON billing_analytics FOR ALL TO {{tier}}_system
    USING (true) WITH CHECK (true);
SELECT grant_row_rights('billing_analytics', 'SELECT, INSERT, UPDATE', '{{tier}}_system');

CREATE POLICY system_access ON tenant_prices FOR ALL TO {{tier}}_system
    USING (true) WITH CHECK (true);
SELECT grant_row_rights('tenant_prices', 'SELECT', '{{tier}}_system');
