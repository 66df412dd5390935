#include "textflag.h"

// func masks(dst *uint64, src *byte, blocks int, a, b, c byte) (wide, nul uint64)
//
// SSE2 is a part of amd64, so that nothing has to be asked of the processor.
TEXT ·masks(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ blocks+16(FP), CX

	XORQ R8, R8  // wide
	XORQ R10, R10 // nul
	MOVQ $1, R9  // their bit for this block

	// X13, X14, X15: a, b, c sixteen times.
	MOVBLZX   a+24(FP), AX
	MOVQ      AX, X13
	PUNPCKLBW X13, X13
	PSHUFLW   $0, X13, X13
	PUNPCKLQDQ X13, X13
	MOVBLZX   b+25(FP), AX
	MOVQ      AX, X14
	PUNPCKLBW X14, X14
	PSHUFLW   $0, X14, X14
	PUNPCKLQDQ X14, X14
	MOVBLZX   c+26(FP), AX
	MOVQ      AX, X15
	PUNPCKLBW X15, X15
	PSHUFLW   $0, X15, X15
	PUNPCKLQDQ X15, X15

	// X12: "\n" sixteen times.
	MOVQ      $10, AX
	MOVQ      AX, X12
	PUNPCKLBW X12, X12
	PSHUFLW   $0, X12, X12
	PUNPCKLQDQ X12, X12

next:
	TESTQ CX, CX
	JLE   done

	PXOR    X8, X8 // all bytes of the block, or-ed
	PCMPEQB X9, X9 // the least of them

	MOVOU    (SI), X0
	MOVO     X0, X1
	MOVO     X0, X2
	MOVO     X0, X3
	POR      X0, X8
	PMINUB   X0, X9
	PCMPEQB  X12, X0
	PCMPEQB  X13, X1
	PCMPEQB  X14, X2
	PCMPEQB  X15, X3
	POR      X1, X0
	POR      X3, X2
	POR      X2, X0
	PMOVMSKB X0, AX

	MOVOU    16(SI), X4
	MOVO     X4, X5
	MOVO     X4, X6
	MOVO     X4, X7
	POR      X4, X8
	PMINUB   X4, X9
	PCMPEQB  X12, X4
	PCMPEQB  X13, X5
	PCMPEQB  X14, X6
	PCMPEQB  X15, X7
	POR      X5, X4
	POR      X7, X6
	POR      X6, X4
	PMOVMSKB X4, BX
	SHLQ     $16, BX
	ORQ      BX, AX

	MOVOU    32(SI), X0
	MOVO     X0, X1
	MOVO     X0, X2
	MOVO     X0, X3
	POR      X0, X8
	PMINUB   X0, X9
	PCMPEQB  X12, X0
	PCMPEQB  X13, X1
	PCMPEQB  X14, X2
	PCMPEQB  X15, X3
	POR      X1, X0
	POR      X3, X2
	POR      X2, X0
	PMOVMSKB X0, BX
	SHLQ     $32, BX
	ORQ      BX, AX

	MOVOU    48(SI), X4
	MOVO     X4, X5
	MOVO     X4, X6
	MOVO     X4, X7
	POR      X4, X8
	PMINUB   X4, X9
	PCMPEQB  X12, X4
	PCMPEQB  X13, X5
	PCMPEQB  X14, X6
	PCMPEQB  X15, X7
	POR      X5, X4
	POR      X7, X6
	POR      X6, X4
	PMOVMSKB X4, BX
	SHLQ     $48, BX
	ORQ      BX, AX

	PMOVMSKB X8, BX
	TESTQ    BX, BX
	JEQ      ascii
	ORQ      R9, R8

ascii:
	PXOR     X10, X10
	PCMPEQB  X10, X9
	PMOVMSKB X9, BX
	TESTQ    BX, BX
	JEQ      noNUL
	ORQ      R9, R10

noNUL:
	SHLQ $1, R9
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JMP  next

done:
	MOVQ R8, wide+32(FP)
	MOVQ R10, nul+40(FP)
	RET
