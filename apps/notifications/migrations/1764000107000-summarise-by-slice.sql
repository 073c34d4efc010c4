-- Deliveries of a slice are of many tenants: the system login counts and announces them with one
-- statement, not one a tenant (docs/adr/0016).
CREATE POLICY system_access ON delivery_days FOR ALL TO {{tier}}_system
    USING (true) WITH CHECK (true);
SELECT grant_row_rights('delivery_days', 'SELECT, INSERT, UPDATE', '{{tier}}_system');

CREATE POLICY system_access ON recipients FOR ALL TO {{tier}}_system
    USING (true) WITH CHECK (true);
SELECT grant_row_rights('recipients', 'SELECT', '{{tier}}_system');

CREATE POLICY system_access ON notifications FOR ALL TO {{tier}}_system
    USING (true) WITH CHECK (true);
SELECT grant_row_rights('notifications', 'SELECT, INSERT, UPDATE', '{{tier}}_system');
