#include "textflag.h"

// func masksSSE2(dst, wide *uint64, src *byte, blocks int, a, b, c byte) (some uint64, nul bool)
TEXT ·masksSSE2(SB), NOSPLIT, $0-49
	MOVQ dst+0(FP), DI
	MOVQ wide+8(FP), DX
	MOVQ src+16(FP), SI
	MOVQ blocks+24(FP), CX
	XORQ R8, R8 // some

	// X12: "\n" sixteen times.
	MOVQ       $10, AX
	MOVQ       AX, X12
	PUNPCKLBW  X12, X12
	PSHUFLW    $0, X12, X12
	PUNPCKLQDQ X12, X12

	// X13: a sixteen times.
	MOVBLZX    a+32(FP), AX
	MOVQ       AX, X13
	PUNPCKLBW  X13, X13
	PSHUFLW    $0, X13, X13
	PUNPCKLQDQ X13, X13

	// X14: b sixteen times.
	MOVBLZX    b+33(FP), AX
	MOVQ       AX, X14
	PUNPCKLBW  X14, X14
	PSHUFLW    $0, X14, X14
	PUNPCKLQDQ X14, X14

	// X15: c sixteen times.
	MOVBLZX    c+34(FP), AX
	MOVQ       AX, X15
	PUNPCKLBW  X15, X15
	PSHUFLW    $0, X15, X15
	PUNPCKLQDQ X15, X15

	PCMPEQB X9, X9 // the least bytes so far

block:
	MOVOU    (SI), X0
	MOVO     X0, X1
	MOVO     X0, X2
	MOVO     X0, X3
	PMOVMSKB X0, R10
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
	PMOVMSKB X4, BX
	SHLQ     $16, BX
	ORQ      BX, R10
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
	PMOVMSKB X0, BX
	SHLQ     $32, BX
	ORQ      BX, R10
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
	PMOVMSKB X4, BX
	SHLQ     $48, BX
	ORQ      BX, R10
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

	ORQ  R10, R8
	MOVQ R10, (DX)
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, DX
	DECQ CX
	JNE  block

	PXOR     X0, X0
	PCMPEQB  X0, X9
	PMOVMSKB X9, BX
	TESTQ    BX, BX
	SETNE    nul+48(FP)
	MOVQ     R8, some+40(FP)
	RET

// func masksAVX2(dst, wide *uint64, src *byte, blocks int, a, b, c byte) (some uint64, nul bool)
TEXT ·masksAVX2(SB), NOSPLIT, $0-49
	MOVQ dst+0(FP), DI
	MOVQ wide+8(FP), DX
	MOVQ src+16(FP), SI
	MOVQ blocks+24(FP), CX
	XORQ R8, R8 // some

	// Y12 to Y15: "\n", a, b, c thirty-two times.
	MOVQ         $10, AX
	MOVQ         AX, X12
	VPBROADCASTB X12, Y12
	VPBROADCASTB a+32(FP), Y13
	VPBROADCASTB b+33(FP), Y14
	VPBROADCASTB c+34(FP), Y15
	VPCMPEQB     Y9, Y9, Y9 // the least bytes so far

block:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPMINUB Y0, Y9, Y9
	VPMINUB Y1, Y9, Y9

	VPMOVMSKB Y0, R10
	VPMOVMSKB Y1, BX
	SHLQ      $32, BX
	ORQ       BX, R10

	VPCMPEQB  Y0, Y12, Y2
	VPCMPEQB  Y0, Y13, Y3
	VPCMPEQB  Y0, Y14, Y4
	VPCMPEQB  Y0, Y15, Y5
	VPOR      Y2, Y3, Y2
	VPOR      Y4, Y5, Y4
	VPOR      Y2, Y4, Y2
	VPMOVMSKB Y2, AX

	VPCMPEQB  Y1, Y12, Y2
	VPCMPEQB  Y1, Y13, Y3
	VPCMPEQB  Y1, Y14, Y4
	VPCMPEQB  Y1, Y15, Y5
	VPOR      Y2, Y3, Y2
	VPOR      Y4, Y5, Y4
	VPOR      Y2, Y4, Y2
	VPMOVMSKB Y2, BX
	SHLQ      $32, BX
	ORQ       BX, AX

	ORQ  R10, R8
	MOVQ R10, (DX)
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, DX
	DECQ CX
	JNE  block

	VPXOR     Y0, Y0, Y0
	VPCMPEQB  Y0, Y9, Y9
	VPMOVMSKB Y9, BX
	TESTQ     BX, BX
	SETNE     nul+48(FP)
	MOVQ      R8, some+40(FP)
	VZEROUPPER
	RET
