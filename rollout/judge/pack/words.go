package pack

// words is what is frequent in what the judge packs: it costs next to nothing there. What is stored is read with the same
// words, so they are never changed; others need another form. What is most frequent comes last.
const words = `"since":"2026-0","through":"heard":true,"clock":{"newest":"born":{"starting":{"young":[{"n":0,"e":0,"ue":0,"t":` +
	`0,"s":[0,"us":[0,"pods":"met":["anchor":"answered":[[0],"based":[[0],"surplus":[{"at":"most":"filled":"read":` +
	`"refused":true,"owing":"setup":{"bounds":["0.05","0.1","0.25","0.5","1","2.5","seconds":[0.1,0.25,0.5,1,"slow":2,` +
	`"known":true,"error_spread":"slow_spread":["usual":["memory_noise":"gap":15000000000,"rate":"error_share":"pods":` +
	`"stands":{"log":"worst":"different":true,"against":true,"rule":"ruled":"bound":"quiet":true,"proved":true,"erring":` +
	`true,"partial":true}"alone":{"each":{"culprit":"patience":"pardoned":"users":{"got":"of":"asked":"short":"had":` +
	`"usual":"levels":["blocks":"sum":"squares":"part":{"scrapes":"requests":"to":"targets":"course":{"errors":["memory":` +
	`["known":true}"limits":{"since":"checks":"series":{"last":{"check":"failing":{"n":"silent":{"n":"lowest":"highest":` +
	`"trial":{"errors":{"bet":{"stakes":[],"staked":0.,"scrapes":0},"proof":,"usual":{"n":,"bad":}},"slow":[` +
	`"error_limit":{"stakes":["slow_limit":{"stakes":["memory":{"stakes":["share":{"stakes":["seen":"dwelt":"block":{` +
	`"scrapes":"span":"low":"before":"lows":["took":"erring":{"stakes":[[],"staked":0.,"scrapes":},"slower":{"stakes":[[` +
	`"pending":[[["pendings":2,"recently":{"scrapes":[{"seen":"unusual":"worst":[["quiet":["odds":["worst_bound":` +
	`"past":[{"e":[0,0],"s":[0,0],"m":[0,0]},{"e":[0.00,0.00],"s":[0.00,0.00],"m":[0,0]},"step":["recent":[["taken":[` +
	`{"requests":0,"errors":0,"timed":0,"slow":[0,0,0,0]},{"requests":1,"errors":1,"timed":1,"slow":[1,1,1,1]}` +
	`{"c":{"Requests":0,"Errors":0,"Timed":0,"Slow":[0,0,0,0],"Pods":1},"s":{"Requests":0,"Errors":0,"Timed":0,"Slow":` +
	`[0,0,0,0],"Pods":1}},`
