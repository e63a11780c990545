package topology

// Votes is a small input on which the store types differ: voters and what they
// voted for, in the order of their arrival. voter5 voted b at 8 and changed to a at
// 10, but the two records arrive in the other order.
func Votes() []Record {
	vote := func(voter, item string, at int64) Record {
		return Record{Key: []byte(voter), Value: []byte(item), Timestamp: at}
	}
	return []Record{
		vote("voter1", "a", 1), vote("voter2", "b", 2), vote("voter3", "c", 3), vote("voter4", "a", 5),
		vote("voter5", "a", 10), vote("voter5", "b", 8), vote("voter6", "c", 30),
	}
}
