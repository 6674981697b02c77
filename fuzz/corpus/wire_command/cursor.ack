cursor.ack
{"conversation": "0190b3c4-5d6e-7f80-8123-456789abcdef", "seq": 7}