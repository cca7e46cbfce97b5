-- read
SELECT coalesce(current_setting('sage_test.mark', true), ''), coalesce(current_setting('sage_test.other', true), '')
