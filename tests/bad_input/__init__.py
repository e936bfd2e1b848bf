"""What people, programs and attackers send wrongly: cases as data, run by tests and by the table.

A case says what is sent and what the client must see. `make bad-input` runs all of them against the
product and writes docs/bad-input.md; the tests run the same cases one by one.
"""
