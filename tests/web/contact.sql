-- SPDX-License-Identifier: GPL-2.0-or-later
-- All agents but the silent one go on reporting.
UPDATE fwlog.host_status SET last_contact = now() WHERE connected
\watch 5
